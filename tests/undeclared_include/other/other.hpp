// A module beside the one that includes it.
#pragma once

#include "base/base.hpp"

inline constexpr int kOther = kBase + 1;
