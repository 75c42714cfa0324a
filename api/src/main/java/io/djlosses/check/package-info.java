/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * A checker for any loss: it compares gradients with finite differences, and engines with each
 * other.
 */
@NullMarked
package io.djlosses.check;

import org.jspecify.annotations.NullMarked;
