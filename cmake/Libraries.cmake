# Every outside library, once. All are Debian 12 packages (tools/packages lists them).
find_package(Threads REQUIRED)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(tomlplusplus REQUIRED)
find_package(ZLIB REQUIRED)
find_package(date REQUIRED)
if(BUILD_TESTING)
  find_package(rapidcheck REQUIRED)
  # The allocator's proofs solve small sites as linear programs, too.
  find_library(GLPK_LIBRARY glpk REQUIRED)
  find_path(GLPK_INCLUDE glpk.h REQUIRED)
  add_library(glpk INTERFACE)
  target_include_directories(glpk SYSTEM INTERFACE ${GLPK_INCLUDE})
  target_link_libraries(glpk INTERFACE ${GLPK_LIBRARY})
  find_package(benchmark REQUIRED)
  # What src/feeder is tested against: a Modbus meter, and a publisher of MQTT.
  foreach(each modbus mosquitto)
    find_library(${each}_LIBRARY ${each} REQUIRED)
    add_library(${each} INTERFACE)
    target_link_libraries(${each} INTERFACE ${${each}_LIBRARY})
  endforeach()
endif()

# Asio and Beast, header-only, with the settings every user of them must share.
add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED
                                          BOOST_ASIO_DISABLE_BOOST_COROUTINE)
