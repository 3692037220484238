# busbar_module(<name> [DEPENDS <module>...] [LINKS <library>...] [TEST_LINKS <library>...])
#
# One static library from src/<name>/*.cpp, one test binary from src/<name>/*_test.cpp.
# A module sees only itself and what it DEPENDS on: each has its own include root, so an
# #include of an undeclared module is "no such file". The graph of DEPENDS is the architecture.
#
# Every test runs as its own process through ctest, so they share nothing and run in parallel.
# Tests get the label "quick", "quick_concurrency" where their suite's name begins with Concurrency,
# or "long" where it begins with Long. One word each: gtest_discover_tests takes no list. Presets
# filter by a part of it: "quick" finds both of the first, "concurrency" what the tsan preset runs.
function(busbar_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LINKS;TEST_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()

  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)

  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${root})
    target_link_libraries(${name} PUBLIC ${arg_DEPENDS} ${arg_LINKS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${root})
    target_link_libraries(${name} INTERFACE ${arg_DEPENDS} ${arg_LINKS})
  endif()

  if(tests AND BUILD_TESTING)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${arg_TEST_LINKS} GTest::gtest_main)
    busbar_discover_tests(${name}_test)
  endif()
endfunction()

# Registers the tests of one binary with their labels (see above).
function(busbar_discover_tests target)
  gtest_discover_tests(${target} TEST_FILTER "-Long*:Concurrency*" DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS quick TIMEOUT 120)
  gtest_discover_tests(${target} TEST_FILTER "Concurrency*" DISCOVERY_TIMEOUT 60
                       TEST_LIST ${target}_concurrency
                       PROPERTIES LABELS quick_concurrency TIMEOUT 120)
  gtest_discover_tests(${target} TEST_FILTER "Long*" DISCOVERY_TIMEOUT 60
                       TEST_LIST ${target}_long PROPERTIES LABELS long TIMEOUT 1800)
endfunction()
