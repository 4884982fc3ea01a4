/* Arrival times: plain numbers, CSV, JSON Lines. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_arrivals_detect, rg_import_arrivals_file, data, size);
}
