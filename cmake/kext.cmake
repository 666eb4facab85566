# clang makes x86_64 Mach-O for a kext; there is no system to link against and none to try programs on.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER clang)
set(CMAKE_CXX_COMPILER clang++)
set(CMAKE_C_COMPILER_TARGET x86_64-apple-macos10.15)
set(CMAKE_CXX_COMPILER_TARGET x86_64-apple-macos10.15)
# Of other machines' objects the host's own ar makes archives without an index.
set(CMAKE_AR llvm-ar)
set(CMAKE_RANLIB llvm-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
