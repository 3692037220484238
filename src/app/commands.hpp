// The command line of Busbar.
#pragma once

namespace busbar::app {

// 0: done. 1: the world said no (no server, a rule refused). 2: the command or a setting is wrong.
int run_command_line(int argc, char** argv);

}  // namespace busbar::app
