/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses of decisions between yes and no. */
@NullMarked
package io.djlosses.binary;

import org.jspecify.annotations.NullMarked;
