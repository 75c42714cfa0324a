/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for predicting classes: exclusive, binary and multi-label. */
@NullMarked
package io.djlosses.classification;

import org.jspecify.annotations.NullMarked;
