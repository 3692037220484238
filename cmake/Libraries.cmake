# Every outside library, once. All are Debian 12 packages (tools/packages lists them).
find_package(Threads REQUIRED)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(tomlplusplus REQUIRED)
if(BUILD_TESTING)
  find_package(rapidcheck REQUIRED)
endif()

# Asio and Beast, header-only, with the settings every user of them must share.
add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED
                                          BOOST_ASIO_DISABLE_BOOST_COROUTINE)
