/* Azure's LLM inference traces. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_azure_detect, rg_import_azure_file, data, size);
}
