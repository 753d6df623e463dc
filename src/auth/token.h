/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: random UUID4s as 32 hexadecimal digits. */
#ifndef FULMAR_AUTH_TOKEN_H
#define FULMAR_AUTH_TOKEN_H

#define TOKEN_SIZE 33 /* with the NUL */

void token_make(char out[TOKEN_SIZE]);

#endif
