/* bar.c - see bar.h */
#include "bar.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_any_short;

void
bench_bar(const char *name, double ours, double floor, const char *unit, double needs)
{
    double ratio = floor / ours;
    bool is_short = !(ratio >= needs);

    is_any_short |= is_short;
    printf("bar %s ratio %.2f needs %.2f %s (%.2f %s against %.2f)\n", name, ratio, needs,
           is_short ? "short" : "ok", ours, unit, floor);
}

int
bench_bar_code(void)
{
    return is_any_short;
}
