# Products with a gate inside and products in FP8: CUTLASS's templates, a file a tile, for compute capability 9 alone.
add_library(sameseed_tiles STATIC
  ${CMAKE_CURRENT_LIST_DIR}/gated_tile_128x160.cu
  ${CMAKE_CURRENT_LIST_DIR}/gated_tile_64x256.cu
  ${CMAKE_CURRENT_LIST_DIR}/e4m3_128x160.cu
  ${CMAKE_CURRENT_LIST_DIR}/e4m3_128x160_residual.cu)
set_target_properties(sameseed_tiles PROPERTIES CUDA_ARCHITECTURES 90a-real)
target_include_directories(sameseed_tiles PRIVATE "${PROJECT_SOURCE_DIR}")
target_include_directories(sameseed_tiles SYSTEM PRIVATE "${SAMESEED_CUTLASS}")
target_compile_features(sameseed_tiles PRIVATE cuda_std_17)
# Without the second definition a tile 160 wide becomes five instructions that read x five times. 177: nvcc's pass for
# the device finds variables unused that only the host's half uses.
target_compile_definitions(sameseed_tiles PRIVATE CUTLASS_ENABLE_GDC_FOR_SM90=1 CUTE_SM90_EXTENDED_MMA_SHAPES_ENABLED)
target_compile_options(sameseed_tiles PRIVATE
  $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -diag-suppress=177 -Werror=all-warnings>)
target_link_libraries(sameseed_kernels PRIVATE sameseed_tiles)
target_compile_definitions(sameseed_kernels PRIVATE SAMESEED_CUTLASS)
