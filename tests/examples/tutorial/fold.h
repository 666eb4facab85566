/* fold.h - the part of the driver that is plain C */
#ifndef FOLD_H
#define FOLD_H

#ifdef __cplusplus
extern "C" {
#endif
/* All bytes, one after the other, by exclusive or. */
unsigned char fold(const unsigned char *bytes, unsigned long length);
#ifdef __cplusplus
}
#endif

#endif
