/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** NDArray idioms that give the same values and gradients on every engine. */
@NullMarked
package io.djlosses.nd;

import org.jspecify.annotations.NullMarked;
