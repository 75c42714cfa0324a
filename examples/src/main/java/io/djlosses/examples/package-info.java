/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** The command line and the tutorials. */
@NullMarked
package io.djlosses.examples;

import org.jspecify.annotations.NullMarked;
