/* assert.h - <assert.h> for C11 without a library: static_assert() only */
#ifndef FREESTANDING_ASSERT_H
#define FREESTANDING_ASSERT_H

#define static_assert _Static_assert

#endif
