/* RouterDC's list of questions. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_routerdc_detect, rg_import_routerdc_file, data, size);
}
