/* bsd.cpp - character devices and moving bytes; see kern_bsd.h and faultline/iokit.h */
#include <faultline/iokit.h>
#include <faultline_kext/kern_bsd.h>

#include "host.h"
#include "seam.h"

/* ---- uio: pieces of memory, filled or read from the front ---- */

struct piece {
    user_addr_t base;
    user_size_t length;
};

struct uio {
    struct piece *pieces;
    int room, count, first;
    off_t offset;
    user_ssize_t resid;
    int space, rw;
};

uio_t
uio_create(int iovcount, off_t offset, int spacetype, int rw)
{
    uio_t made;

    if (iovcount < 0 || seam_allocation_fails())
        return NULL;
    made = (uio_t)kext_allocate(sizeof(*made), 16);
    made->pieces = (struct piece *)kext_allocate((size_t)iovcount * sizeof(struct piece), 16);
    made->room = iovcount;
    uio_reset(made, offset, spacetype, rw);
    return made;
}

void
uio_reset(uio_t uio, off_t offset, int spacetype, int rw)
{
    uio->count = uio->first = 0;
    uio->offset = offset;
    uio->resid = 0;
    uio->space = spacetype;
    uio->rw = rw;
}

void
uio_free(uio_t uio)
{
    kext_release(uio->pieces);
    kext_release(uio);
}

int
uio_addiov(uio_t uio, user_addr_t base, user_size_t length)
{
    if (uio->count == uio->room)
        return -1;
    uio->pieces[uio->count].base = base;
    uio->pieces[uio->count++].length = length;
    uio->resid += (user_ssize_t)length;
    return 0;
}

int
uio_isuserspace(uio_t uio)
{
    return uio->space == UIO_USERSPACE || uio->space == UIO_USERSPACE32 ||
           uio->space == UIO_USERSPACE64;
}

int
uio_rw(uio_t uio)
{
    return uio->rw;
}

void
uio_setrw(uio_t uio, int rw)
{
    uio->rw = rw;
}

user_ssize_t
uio_resid(uio_t uio)
{
    return uio->resid;
}

void
uio_setresid(uio_t uio, user_ssize_t resid)
{
    uio->resid = resid;
}

off_t
uio_offset(uio_t uio)
{
    return uio->offset;
}

void
uio_setoffset(uio_t uio, off_t offset)
{
    uio->offset = offset;
}

int
uio_iovcnt(uio_t uio)
{
    return uio->count - uio->first;
}

user_addr_t
uio_curriovbase(uio_t uio)
{
    return uio->first < uio->count ? uio->pieces[uio->first].base : 0;
}

user_size_t
uio_curriovlen(uio_t uio)
{
    return uio->first < uio->count ? uio->pieces[uio->first].length : 0;
}

/* No further than the piece's end; the next one that is not empty follows. */
void
uio_update(uio_t uio, user_size_t count)
{
    user_size_t done = MIN(count, uio_curriovlen(uio));

    if (uio->first == uio->count)
        return;
    uio->pieces[uio->first].base += done;
    uio->pieces[uio->first].length -= done;
    uio->offset += (off_t)done;
    uio->resid -= (user_ssize_t)done;
    while (uio->first < uio->count && uio_curriovlen(uio) == 0)
        uio->first++;
}

/* One piece, in the direction of the transfer. */
static int
move(uio_t uio, char *bytes, user_size_t count)
{
    user_addr_t at = uio_curriovbase(uio);

    if (uio_isuserspace(uio))
        return uio->rw == UIO_READ ? copyout(bytes, at, count) : copyin(at, bytes, count);
    if (uio->rw == UIO_READ)
        memcpy((void *)(uintptr_t)at, bytes, count);
    else
        memcpy(bytes, (void *)(uintptr_t)at, count);
    return 0;
}

int
uiomove(const char *bytes, int count, uio_t uio)
{
    user_size_t left = (user_size_t)count;
    int result = 0;

    while (result == 0 && left > 0 && uio->resid > 0 && uio->first < uio->count) {
        user_size_t run = MIN(left, uio_curriovlen(uio));

        result = move(uio, const_cast<char *>(bytes), run);
        if (result != 0)
            break;
        bytes += run;
        left -= run;
        uio_update(uio, run);
    }
    return result;
}

int
uiomove64(const uint64_t bytes, int count, uio_t uio)
{
    return uiomove((const char *)(uintptr_t)bytes, count, uio);
}

int
ureadc(int byte, uio_t uio)
{
    char c = (char)byte;

    return uiomove(&c, 1, uio);
}

/* ---- devices ---- */

enum { DEVICES = 32 };

static struct cdevsw devices[DEVICES];
static bool is_taken[DEVICES];

struct node {
    struct node *next;
    dev_t device;
    char name[64];
};

static struct node *nodes;

int
enodev(void)
{
    return ENODEV;
}

void
enodev_strat(struct buf *)
{
}

int
nulldev(void)
{
    return 0;
}

int
cdevsw_add(int index, const struct cdevsw *device)
{
    int at = index < 0 ? 0 : index;

    while (index < 0 && at < DEVICES && is_taken[at])
        at++;
    if (at >= DEVICES || is_taken[at])
        return -1;
    devices[at] = *device;
    is_taken[at] = true;
    return at;
}

int
cdevsw_remove(int index, const struct cdevsw *device)
{
    if (index < 0 || index >= DEVICES || !is_taken[index] ||
        memcmp(&devices[index], device, sizeof(*device)) != 0)
        return -1;
    is_taken[index] = false;
    return index;
}

void *
devfs_make_node(dev_t device, int, uid_t, gid_t, int, const char *format, ...)
{
    struct node *made = (struct node *)kext_allocate(sizeof(*made), 16);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(made->name, sizeof(made->name), format, arguments);
    va_end(arguments);
    made->device = device;
    made->next = nodes;
    nodes = made;
    return made;
}

void
devfs_remove(void *node)
{
    struct node **at = &nodes;

    while (*at != NULL && *at != node)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = (*at)->next;
    kext_release(node);
}

/* ---- a program's side ---- */

/* The device behind a node; NULL: none. */
static const struct cdevsw *
device_named(const char *name, dev_t *device)
{
    const struct node *node = nodes;

    while (node != NULL && strcmp(node->name, name) != 0)
        node = node->next;
    if (node == NULL || major((uint32_t)node->device) >= DEVICES ||
        !is_taken[major((uint32_t)node->device)])
        return NULL;
    *device = node->device;
    return &devices[major((uint32_t)node->device)];
}

int
faultline_device_open(const char *name)
{
    dev_t device;
    const struct cdevsw *calls = device_named(name, &device);

    return calls == NULL ? ENXIO : calls->d_open(device, FREAD | FWRITE, S_IFCHR, current_proc());
}

int
faultline_device_close(const char *name)
{
    dev_t device;
    const struct cdevsw *calls = device_named(name, &device);

    return calls == NULL ? ENXIO : calls->d_close(device, FREAD | FWRITE, S_IFCHR, current_proc());
}

int
faultline_device_ioctl(const char *name, unsigned long command, void *data)
{
    dev_t device;
    const struct cdevsw *calls = device_named(name, &device);

    return calls == NULL
               ? ENXIO
               : calls->d_ioctl(device, command, (caddr_t)data, FREAD | FWRITE, current_proc());
}

int
faultline_device_transfer(const char *name, void *bytes, uint64_t length, int is_write,
                          uint64_t *done)
{
    dev_t device;
    const struct cdevsw *calls = device_named(name, &device);
    vmk_task_t task = NULL;
    uint64_t address = faultline_address(bytes, &task);
    uio_t uio;
    int result;

    if (calls == NULL)
        return ENXIO;
    uio = uio_create(1, 0, task == NULL ? UIO_SYSSPACE : UIO_USERSPACE,
                     is_write ? UIO_WRITE : UIO_READ);
    if (uio == NULL)
        return ENOMEM;
    (void)uio_addiov(uio, address, length);
    result = (is_write ? calls->d_write : calls->d_read)(device, uio, 0);
    if (done != NULL)
        *done = length - (uint64_t)uio_resid(uio);
    uio_free(uio);
    return result;
}
