/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for predicting numbers. */
@NullMarked
package io.djlosses.regression;

import org.jspecify.annotations.NullMarked;
