/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for sequences whose labels are not aligned with the input. */
@NullMarked
package io.djlosses.sequence;

import org.jspecify.annotations.NullMarked;
