/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses of the overlap of regions. */
@NullMarked
package io.djlosses.segmentation;

import org.jspecify.annotations.NullMarked;
