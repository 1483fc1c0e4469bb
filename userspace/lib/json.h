/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Output of vhdxctl on stdout: lines of text, or with --json exactly one document.
 */
#ifndef VHDX_LIB_JSON_H
#define VHDX_LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "lib/message.h"

void json_output_add(const char *key, struct json_object *value);
void json_output_list_begin(const char *key);
void json_output_list_item(struct json_object *item);
void json_output_indented(struct json_object *tree, bool bytes_only);
enum exit_code json_output_finish(bool json, enum exit_code status);

void json_add(struct json_object *object, const char *key, struct json_object *value);
void json_add_string(struct json_object *object, const char *key, const char *text);
void json_add_number(struct json_object *object, const char *key, uint64_t number);
void json_add_size(struct json_object *object, const char *key, uint64_t bytes);
void json_add_bool(struct json_object *object, const char *key, bool value);

#endif /* VHDX_LIB_JSON_H */
