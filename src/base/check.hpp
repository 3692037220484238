// BUSBAR_CHECK(condition): an invariant of our own code. Active in every build, because a
// controller that sends wrong limits is worse than one that restarts: state is in the store,
// and reconciling is idempotent.
#pragma once

#include <cstdio>
#include <cstdlib>

#define BUSBAR_CHECK(condition)                                                                \
    do {                                                                                       \
        if (!(condition)) [[unlikely]] {                                                       \
            std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                      \
        }                                                                                      \
    } while (0)
