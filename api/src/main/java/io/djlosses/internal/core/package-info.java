/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Creating and reading arrays, and the traits in which engines differ. Internal: may change in any
 * release.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.internal.core;
