/* RouterBench's wide table. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_routerbench_detect, rg_import_routerbench_file, data, size);
}
