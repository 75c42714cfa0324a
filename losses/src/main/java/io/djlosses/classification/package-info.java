/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses for classification into many classes: exclusive classes, or several classes per sample.
 */
@NullMarked
package io.djlosses.classification;

import org.jspecify.annotations.NullMarked;
