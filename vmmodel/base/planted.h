/*
 * planted.h - mistakes that tests plant to see that they are found
 *
 * PURPOSE     A search that finds nothing proves little until it finds what is there. A build for tests
 *             names a variable; the mistake whose number it holds is made. In every other build the
 *             condition is 0 and nothing of it is left.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the test that is linked owns the variable
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_PLANTED_H
#define BASE_PLANTED_H

enum vmm_planted {
    VMM_PLANTED_NOTHING,
    VMM_PLANTED_NO_FLUSH,    /* a translation goes or narrows, and no TLB is told */
    VMM_PLANTED_CLIP_OFFSET, /* the upper part of an entry that is cut shows the lower part's bytes */
    VMM_PLANTED_WIRE_SIZE,   /* the last user unwire does not count the bytes down */
    VMM_PLANTED_NO_SHADOW,   /* the first write after a copy goes to the object both share */
    VMM_PLANTED_NO_UNDO,     /* a wire that fails leaves what it had wired */
    VMM_PLANTED_NO_NARROW,   /* a protect leaves the translations as they were */
    VMM_PLANTED_NO_WAKEUP,   /* the end of a transition wakes nobody */
    VMM_PLANTED_LEAK,        /* a descriptor that gets no room for its ranges is not given back */
    VMM_PLANTED_COUNT
};

#ifdef VMM_PLANTED_MISTAKE
extern int VMM_PLANTED_MISTAKE;
#define VMM_PLANTED(mistake) (VMM_PLANTED_MISTAKE == (mistake))
#else
#define VMM_PLANTED(mistake) 0
#endif

#endif
