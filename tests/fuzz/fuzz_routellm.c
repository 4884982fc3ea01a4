/* RouteLLM's tables. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_routellm_detect, rg_import_routellm_file, data, size);
}
