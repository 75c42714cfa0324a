/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Sums and gradients that every reading of a loss uses. Internal: may change in any release. */
@NullMarked
package io.djlosses.internal.array;

import org.jspecify.annotations.NullMarked;
