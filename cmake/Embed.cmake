# busbar_embed(<target> <directory>...)
#
# Puts every file of these directories into <target>, so that the binary serves its pages without
# anything beside it on the disk. Read them with find_asset() of http/assets.hpp. The page that
# answers "/" is index.html. Changing, adding or removing a file rebuilds.
function(busbar_embed target)
  set(names "")
  set(files "")
  foreach(directory ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS ${directory}/*)
    if(NOT found)
      message(FATAL_ERROR "busbar_embed: nothing to embed in ${directory}")
    endif()
    list(APPEND files ${found})
  endforeach()

  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_assets.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${joined}" -DOUTPUT=${output} -P ${script}
    DEPENDS ${files} ${script}
    COMMENT "Embedding the pages of ${target}" VERBATIM)
  # On its own, not in the module's unit: a changed stylesheet must not recompile Beast.
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${output})
endfunction()
