/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: how they are made, and the hash under which they are stored (auth-and-stream.md 3). The key itself is told
   once, when it is made, and kept nowhere. */
#ifndef FULMAR_AUTH_API_KEY_H
#define FULMAR_AUTH_API_KEY_H

#define API_KEY_SIZE      87  /* with the NUL */
#define API_KEY_HASH_SIZE 129 /* with the NUL */

void api_key_make(char out[API_KEY_SIZE]);
/* Hexadecimal SHA-512 of the salt and the key; part of the contract, as hashes move between servers. */
void api_key_hash(const char *key, char out[API_KEY_HASH_SIZE]);

#endif
