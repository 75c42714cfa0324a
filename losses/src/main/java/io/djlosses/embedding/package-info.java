/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses for learning embeddings from pairs and triplets, and the distances and similarities that
 * they use.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.embedding;
