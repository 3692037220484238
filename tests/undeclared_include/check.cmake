# Builds both modules of PROJECT in BUILD: the one that declares what it includes must compile,
# the one that does not must fail because the compiler finds no such file.
file(REMOVE_RECURSE ${BUILD})
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${PROJECT} -B ${BUILD} -G Ninja -DCMAKE_CXX_COMPILER=${CXX}
  RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "The house does not configure:\n${output}")
endif()

execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target declared
                RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "A declared include does not compile:\n${output}")
endif()

execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target undeclared
                RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT failed)
  message(FATAL_ERROR "An undeclared include compiles: the include roots of modules leak.")
endif()
string(FIND "${output}" "other/other.hpp: No such file" at)
string(FIND "${output}" "'other/other.hpp' file not found" at_clang)
if(at EQUAL -1 AND at_clang EQUAL -1)
  message(FATAL_ERROR "It fails to compile, but for another reason:\n${output}")
endif()
message(STATUS "An undeclared include does not compile; a declared one does.")
