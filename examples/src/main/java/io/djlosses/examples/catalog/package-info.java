/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * What the losses of the catalog take: one declaration a loss, which the commands, the tests and
 * the benchmark read.
 */
@NullMarked
package io.djlosses.examples.catalog;

import org.jspecify.annotations.NullMarked;
