/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for segmentation, which compare the overlap of predicted and true regions. */
@org.jspecify.annotations.NullMarked
package io.djlosses.segmentation;
