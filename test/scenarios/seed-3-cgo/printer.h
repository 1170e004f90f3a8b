#include <stdio.h>
void super_optimized_print(char* str);
