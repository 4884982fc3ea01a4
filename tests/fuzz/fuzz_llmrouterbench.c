/* A result file of LLMRouterBench, or an archive of such files. */
#include "tests/fuzz/fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_import(rg_import_llmrouterbench_detect, rg_import_llmrouterbench_file, data, size);
}
