/*
 * kern_bsd.h - character devices, and moving bytes to and from a program
 *
 * PURPOSE     sys/conf.h, sys/uio.h, miscfs/devfs/devfs.h: what a kext with a device node needs.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   make and add give what remove takes; uio_create() what uio_free() takes
 * ERRORS      Darwin's errno
 * EVENTS      those of the model for a program's memory
 * XNU         bsd/sys/conf.h, uio.h; bsd/miscfs/devfs/devfsdefs.h
 *             Differs: a test opens the node (faultline/iokit.h); there is no file system
 */
#ifndef KEXT_KERN_BSD_H
#define KEXT_KERN_BSD_H

#include <faultline_kext/kern.h>

__BEGIN_DECLS

/* ---- sys/uio.h ---- */

typedef struct uio *uio_t;
enum uio_rw { UIO_READ, UIO_WRITE };
enum uio_seg {
    UIO_USERSPACE = 0,
    UIO_SYSSPACE = 2,
    UIO_USERSPACE32 = 5,
    UIO_USERSPACE64 = 8,
    UIO_SYSSPACE32 = 11
};
uio_t uio_create(int iovcount, off_t offset, int spacetype, int rw);
void uio_reset(uio_t, off_t offset, int spacetype, int rw);
void uio_free(uio_t);
int uio_addiov(uio_t, user_addr_t base, user_size_t length);
int uio_isuserspace(uio_t);
int uio_rw(uio_t);
void uio_setrw(uio_t, int);
user_ssize_t uio_resid(uio_t);
void uio_setresid(uio_t, user_ssize_t);
off_t uio_offset(uio_t);
void uio_setoffset(uio_t, off_t);
int uio_iovcnt(uio_t);
user_addr_t uio_curriovbase(uio_t);
user_size_t uio_curriovlen(uio_t);
void uio_update(uio_t, user_size_t);
int uiomove(const char *bytes, int count, uio_t);
int uiomove64(const uint64_t bytes, int count, uio_t);
int ureadc(int, uio_t);

/* ---- sys/conf.h ---- */

struct tty;
struct buf;
typedef struct vnode *vnode_t;
typedef int open_close_fcn_t(dev_t, int flags, int type, struct proc *);
typedef int read_write_fcn_t(dev_t, struct uio *, int flag);
typedef int ioctl_fcn_t(dev_t, u_long command, caddr_t data, int flag, struct proc *);
typedef int stop_fcn_t(struct tty *, int rw);
typedef int reset_fcn_t(int);
typedef int select_fcn_t(dev_t, int which, void *, struct proc *);
typedef int mmap_fcn_t(void);
typedef void strategy_fcn_t(struct buf *);
typedef int getc_fcn_t(dev_t);
typedef int putc_fcn_t(dev_t, char);
struct cdevsw {
    open_close_fcn_t *d_open, *d_close;
    read_write_fcn_t *d_read, *d_write;
    ioctl_fcn_t *d_ioctl;
    stop_fcn_t *d_stop;
    reset_fcn_t *d_reset;
    struct tty **d_ttys;
    select_fcn_t *d_select;
    mmap_fcn_t *d_mmap;
    strategy_fcn_t *d_strategy;
    void *d_reserved_1, *d_reserved_2; /* in the kernel d_getc and d_putc, which nobody calls */
    int d_type;
};
#define D_TTY 3
int enodev(void);
void enodev_strat(struct buf *);
int nulldev(void);
#define eno_opcl ((open_close_fcn_t *)(void *)&enodev)
#define eno_rdwrt ((read_write_fcn_t *)(void *)&enodev)
#define eno_ioctl ((ioctl_fcn_t *)(void *)&enodev)
#define eno_stop ((stop_fcn_t *)(void *)&enodev)
#define eno_reset ((reset_fcn_t *)(void *)&nulldev)
#define eno_select ((select_fcn_t *)(void *)&enodev)
#define eno_mmap ((mmap_fcn_t *)(void *)&enodev)
#define eno_strat enodev_strat
#define eno_getc ((void *)&enodev)
#define eno_putc ((void *)&enodev)
int cdevsw_add(int index, const struct cdevsw *); /* -1: any place; the major number, or -1 */
int cdevsw_remove(int index, const struct cdevsw *);
static inline int32_t
major(uint32_t device)
{
    return (int32_t)(device >> 24 & 0xff);
}
static inline int32_t
minor(uint32_t device)
{
    return (int32_t)(device & 0xffffff);
}
static inline dev_t
makedev(uint32_t number, uint32_t unit)
{
    return (dev_t)(number << 24 | unit);
}

/* ---- miscfs/devfs/devfs.h ---- */

#define DEVFS_CHAR 0
#define DEVFS_BLOCK 1
#define UID_ROOT 0
#define GID_WHEEL 0
void *devfs_make_node(dev_t, int type, uid_t, gid_t, int permissions, const char *format, ...);
void devfs_remove(void *node);

__END_DECLS

#endif
