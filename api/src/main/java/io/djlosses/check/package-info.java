/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** A checker for anybody's loss: finite differences, and agreement between engines. */
@NullMarked
package io.djlosses.check;

import org.jspecify.annotations.NullMarked;
