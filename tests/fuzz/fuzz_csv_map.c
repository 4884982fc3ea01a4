/* Any CSV: columns that are called like fields. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_csv_detect, rg_import_csv_file, data, size);
}
