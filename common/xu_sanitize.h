/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XU_SANITIZED: 1 in a build with AddressSanitizer, whose run time needs files, memory
 * and system calls that a confined process has not; else 0. */
#ifndef XU_SANITIZE_H
#define XU_SANITIZE_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define XU_SANITIZED 1
#else
#define XU_SANITIZED 0
#endif

#endif
