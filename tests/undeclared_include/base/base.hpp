// A module that everybody may use.
#pragma once

inline constexpr int kBase = 1;
