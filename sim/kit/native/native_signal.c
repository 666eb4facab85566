/*
 * native_signal.c - SIGSEGV and SIGBUS have two owners, and each believes to be the only one
 *
 * The kit's handler must come first whatever a test framework or the program installs meanwhile
 * (CMocka does before every test). So sigaction() and signal() are here too: for these two signals
 * they keep what the program wants, and the kernel keeps ours. For all others they pass on.
 */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "native_internal.h"

typedef int (*native_sigaction_call)(int, const struct sigaction *, struct sigaction *);
typedef void (*native_signal_handler)(int);

static struct sigaction wanted[2]; /* what the program has for SIGSEGV and SIGBUS */
static void (*kit_handler)(int, siginfo_t *, void *);

static int
native_system_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    static native_sigaction_call next;

    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "sigaction");

        memcpy(&next, &found, sizeof(next));
    }
    return next(number, action, before);
}

/* The program's own wish for a signal that the kit shares; NULL: the kit does not share it. */
static struct sigaction *
native_wish(int number)
{
    if (kit_handler == NULL)
        return NULL;
    return number == SIGSEGV ? &wanted[0] : number == SIGBUS ? &wanted[1] : NULL;
}

int
sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict before)
{
    struct sigaction *wish = native_wish(number);
    struct sigaction old;

    if (wish == NULL)
        return native_system_sigaction(number, action, before);
    old = *wish;
    if (action != NULL)
        *wish = *action;
    if (before != NULL)
        *before = old;
    return 0;
}

native_signal_handler
signal(int number, native_signal_handler handler)
{
    struct sigaction action = { .sa_flags = SA_RESTART };
    struct sigaction before;

    action.sa_handler = handler;
    return sigaction(number, &action, &before) != 0 ? SIG_ERR : before.sa_handler;
}

/* What strict ISO C calls signal() on glibc: the handler is for one signal. */
native_signal_handler __sysv_signal(int number, native_signal_handler handler);

native_signal_handler
__sysv_signal(int number, native_signal_handler handler)
{
    struct sigaction action = { .sa_flags = (int)SA_RESETHAND | SA_NODEFER };
    struct sigaction before;

    action.sa_handler = handler;
    return sigaction(number, &action, &before) != 0 ? SIG_ERR : before.sa_handler;
}

void
native_signal_install(void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction ours = { .sa_flags = SA_SIGINFO | SA_NODEFER };

    if (kit_handler != NULL)
        return;
    /* NODEFER: a finding's handler may jump out of it, and nothing would unblock the signal. */
    ours.sa_sigaction = handler;
    if (native_system_sigaction(SIGSEGV, &ours, &wanted[0]) != 0 ||
        native_system_sigaction(SIGBUS, &ours, &wanted[1]) != 0)
        native_give_up("the host refuses a handler for SIGSEGV");
    kit_handler = handler;
}

/* The default: the access is tried again with nobody to catch it. */
static void
native_signal_default(int number, const siginfo_t *info)
{
    struct sigaction none = { .sa_flags = 0 };
    char line[160];
    int length =
        snprintf(line, sizeof(line),
                 "faultline: %p is no simulated memory: the program's own crash\n", info->si_addr);

    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        length = 0; /* nowhere to say it */
    none.sa_handler = SIG_DFL;
    (void)native_system_sigaction(number, &none, NULL);
}

void
native_signal_pass(int number, siginfo_t *info, void *context)
{
    struct sigaction *wish = native_wish(number);
    struct sigaction now = *wish;

    if (now.sa_flags & (int)SA_RESETHAND)
        *wish = (struct sigaction){ .sa_flags = 0 };
    if (now.sa_flags & SA_SIGINFO)
        now.sa_sigaction(number, info, context);
    else if (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
        now.sa_handler(number);
    else
        native_signal_default(number, info);
}
