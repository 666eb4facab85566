/* fold.c - see fold.h */
#include "fold.h"

unsigned char
fold(const unsigned char *bytes, unsigned long length)
{
    unsigned char parity = 0;

    for (unsigned long i = 0; i < length; i++)
        parity ^= bytes[i];
    return parity;
}
