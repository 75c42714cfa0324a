/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Portable operations on arrays, which give the same value and gradient on every engine. */
@org.jspecify.annotations.NullMarked
package io.djlosses.nd;
