/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * What a loss is: its reduction, base classes to extend, argument checks and exact accumulation.
 */
@NullMarked
package io.djlosses.api;

import org.jspecify.annotations.NullMarked;
