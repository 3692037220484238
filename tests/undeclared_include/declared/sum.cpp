#include "base/base.hpp"
#include "other/other.hpp"

int sum() { return kBase + kOther; }
