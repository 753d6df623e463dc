/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/word.h"

#include <unictype.h>

#include "base/utf8.h"

bool word_is_char(uint32_t code_point)
{
    if (code_point < 0x80)
        return (code_point >= 'a' && code_point <= 'z') || (code_point >= 'A' && code_point <= 'Z') ||
               (code_point >= '0' && code_point <= '9') || code_point == '_';
    return uc_is_general_category_withtable(code_point, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

bool word_is_name(const char *text, size_t n)
{
    const char *at = text;

    if (n && text[n - 1] == '\n')
        n--;
    while (at < text + n)
        if (!word_is_char(utf8_next(&at)))
            return false;
    return n > 0;
}
