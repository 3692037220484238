// The program: everything it can do is in app/commands.cpp.
#include "app/commands.hpp"

int main(int argc, char** argv) {
    return busbar::app::run_command_line(argc, argv);
}
