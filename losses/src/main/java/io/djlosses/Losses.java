/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import io.djlosses.classification.BCEWithLogitsLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.embedding.HingeEmbeddingLoss;
import io.djlosses.embedding.SDMLLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.ranking.MarginRankingLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;

/**
 * Makes every loss of the library with its defaults. All options are on the builder of each loss:
 * {@code HuberLoss.builder().optDelta(2).build()}.
 */
public final class Losses {

    private Losses() {}

    // ------------------------------------------------------------------ regression

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @return the loss
     */
    public static L1Loss l1Loss() {
        return L1Loss.builder().build();
    }

    /**
     * Creates an {@link L1Loss}, the absolute error.
     *
     * @param name the display name
     * @return the loss
     */
    public static L1Loss l1Loss(String name) {
        return L1Loss.builder().optName(name).build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @return the loss
     */
    public static MSELoss mseLoss() {
        return MSELoss.builder().build();
    }

    /**
     * Creates an {@link MSELoss}, the squared error.
     *
     * @param name the display name
     * @return the loss
     */
    public static MSELoss mseLoss(String name) {
        return MSELoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ classification

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss() {
        return BCEWithLogitsLoss.builder().build();
    }

    /**
     * Creates a {@link BCEWithLogitsLoss}, the binary cross entropy of logits.
     *
     * @param name the display name
     * @return the loss
     */
    public static BCEWithLogitsLoss bceWithLogitsLoss(String name) {
        return BCEWithLogitsLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss() {
        return CrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link CrossEntropyLoss} of logits and classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static CrossEntropyLoss crossEntropyLoss(String name) {
        return CrossEntropyLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ distribution

    // ------------------------------------------------------------------ embedding

    /**
     * Creates a {@link CosineEmbeddingLoss}, the cosine loss of similar and dissimilar pairs.
     *
     * @return the loss
     */
    public static CosineEmbeddingLoss cosineEmbeddingLoss() {
        return CosineEmbeddingLoss.builder().build();
    }

    /**
     * Creates a {@link CosineEmbeddingLoss}, the cosine loss of similar and dissimilar pairs.
     *
     * @param name the display name
     * @return the loss
     */
    public static CosineEmbeddingLoss cosineEmbeddingLoss(String name) {
        return CosineEmbeddingLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link CosineSimilarityLoss}, the cosine distance.
     *
     * @return the loss
     */
    public static CosineSimilarityLoss cosineSimilarityLoss() {
        return CosineSimilarityLoss.builder().build();
    }

    /**
     * Creates a {@link CosineSimilarityLoss}, the cosine distance.
     *
     * @param name the display name
     * @return the loss
     */
    public static CosineSimilarityLoss cosineSimilarityLoss(String name) {
        return CosineSimilarityLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link HingeEmbeddingLoss}, the hinge loss of distances.
     *
     * @return the loss
     */
    public static HingeEmbeddingLoss hingeEmbeddingLoss() {
        return HingeEmbeddingLoss.builder().build();
    }

    /**
     * Creates a {@link HingeEmbeddingLoss}, the hinge loss of distances.
     *
     * @param name the display name
     * @return the loss
     */
    public static HingeEmbeddingLoss hingeEmbeddingLoss(String name) {
        return HingeEmbeddingLoss.builder().optName(name).build();
    }

    /**
     * Creates an {@link SDMLLoss}, the smoothed deep metric learning loss.
     *
     * @return the loss
     */
    public static SDMLLoss sdmlLoss() {
        return SDMLLoss.builder().build();
    }

    /**
     * Creates an {@link SDMLLoss}, the smoothed deep metric learning loss.
     *
     * @param name the display name
     * @return the loss
     */
    public static SDMLLoss sdmlLoss(String name) {
        return SDMLLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link TripletMarginLoss}, the triplet loss.
     *
     * @return the loss
     */
    public static TripletMarginLoss tripletMarginLoss() {
        return TripletMarginLoss.builder().build();
    }

    /**
     * Creates a {@link TripletMarginLoss}, the triplet loss.
     *
     * @param name the display name
     * @return the loss
     */
    public static TripletMarginLoss tripletMarginLoss(String name) {
        return TripletMarginLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link TripletMarginWithDistanceLoss}, the triplet loss with a distance of your
     * own.
     *
     * @return the loss
     */
    public static TripletMarginWithDistanceLoss tripletMarginWithDistanceLoss() {
        return TripletMarginWithDistanceLoss.builder().build();
    }

    /**
     * Creates a {@link TripletMarginWithDistanceLoss}, the triplet loss with a distance of your
     * own.
     *
     * @param name the display name
     * @return the loss
     */
    public static TripletMarginWithDistanceLoss tripletMarginWithDistanceLoss(String name) {
        return TripletMarginWithDistanceLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ ranking

    /**
     * Creates a {@link MarginRankingLoss}, the loss of a pair of scores in the wrong order.
     *
     * @return the loss
     */
    public static MarginRankingLoss marginRankingLoss() {
        return MarginRankingLoss.builder().build();
    }

    /**
     * Creates a {@link MarginRankingLoss}, the loss of a pair of scores in the wrong order.
     *
     * @param name the display name
     * @return the loss
     */
    public static MarginRankingLoss marginRankingLoss(String name) {
        return MarginRankingLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ sequence

    // ------------------------------------------------------------------ vocabulary

    // ------------------------------------------------------------------ composite

    // ------------------------------------------------------------------ regularization
}
