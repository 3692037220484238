#include "app/complaint.hpp"

#include <cstdio>

namespace busbar::app {

int complain(const Error& error) {
    std::fprintf(stderr, "busbar: %s%s%s\n", error.field.c_str(), error.field.empty() ? "" : ": ",
                 printable(error.message).c_str());
    return error.code == Errc::kInvalid ? kWrongUse : kRefused;
}

int refuse_to_start(const Error& error) {
    complain(error);
    return kWrongUse;
}

std::string printable(std::string text) {
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    return text;
}

}  // namespace busbar::app
