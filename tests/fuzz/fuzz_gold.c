/* RouterGym's gold scores. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_gold_detect, rg_import_gold_file, data, size);
}
