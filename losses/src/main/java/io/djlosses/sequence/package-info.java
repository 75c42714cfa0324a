/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses on unaligned sequences. */
@NullMarked
package io.djlosses.sequence;

import org.jspecify.annotations.NullMarked;
