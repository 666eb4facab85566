/* kmod.cpp - what libkmod would bring: where a kext begins and ends */
#include <mach/kmod.h>

extern "C" {
kern_return_t faultline_start(kmod_info_t *info, void *data);
kern_return_t faultline_stop(kmod_info_t *info, void *data);

/* I/O Kit makes the service when it matches, so there is nothing to do here. */
kern_return_t
faultline_start(kmod_info_t *, void *)
{
    return 0;
}

kern_return_t
faultline_stop(kmod_info_t *, void *)
{
    return 0;
}

__attribute__((visibility("default"))) kmod_info_t kmod_info = {
    0, KMOD_INFO_VERSION, (uint32_t)-1,  "org.faultline.kext", "1.0.0", -1, 0, 0, 0,
    0, faultline_start,   faultline_stop
};
}
