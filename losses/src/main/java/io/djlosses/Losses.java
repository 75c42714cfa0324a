/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;

import io.djlosses.classification.BCELoss;
import io.djlosses.classification.BCEWithLogitsLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.DiceLoss;
import io.djlosses.classification.FocalLoss;
import io.djlosses.classification.GHMCLoss;
import io.djlosses.classification.HingeLoss;
import io.djlosses.classification.LogisticLoss;
import io.djlosses.classification.MultiClassDiceLoss;
import io.djlosses.classification.MultiLabelMarginLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.MultiMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SigmoidFocalLoss;
import io.djlosses.classification.SoftMarginLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.classification.SquaredHingeLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.distribution.PoissonNLLLoss;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.embedding.HingeEmbeddingLoss;
import io.djlosses.embedding.SDMLLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.ranking.MarginRankingLoss;
import io.djlosses.regression.GHMRLoss;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;
import io.djlosses.regression.RMSELoss;
import io.djlosses.regression.SmoothL1Loss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

/**
 * Makes every loss of the library with its defaults. All options are on the builder of each loss:
 * {@code HuberLoss.builder().optDelta(2).build()}.
 */
public final class Losses {

    private Losses() {}

    // ------------------------------------------------------------------ regression

    /**
     * Creates a {@link GHMRLoss}, the gradient-harmonized smooth absolute error.
     *
     * @return the loss
     */
    public static GHMRLoss ghmrLoss() {
        return GHMRLoss.builder().build();
    }

    /**
     * Creates a {@link GHMRLoss}, the gradient-harmonized smooth absolute error.
     *
     * @param name the display name
     * @return the loss
     */
    public static GHMRLoss ghmrLoss(String name) {
        return GHMRLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link HuberLoss}, the squared error with linear tails.
     *
     * @return the loss
     */
    public static HuberLoss huberLoss() {
        return HuberLoss.builder().build();
    }

    /**
     * Creates a {@link HuberLoss}, the squared error with linear tails.
     *
     * @param name the display name
     * @return the loss
     */
    public static HuberLoss huberLoss(String name) {
        return HuberLoss.builder().optName(name).build();
    }

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

    /**
     * Creates an {@link RMSELoss}, the root of the mean squared error.
     *
     * @return the loss
     */
    public static RMSELoss rmseLoss() {
        return RMSELoss.builder().build();
    }

    /**
     * Creates an {@link RMSELoss}, the root of the mean squared error.
     *
     * @param name the display name
     * @return the loss
     */
    public static RMSELoss rmseLoss(String name) {
        return RMSELoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SmoothL1Loss}, the absolute error with its kink rounded off.
     *
     * @return the loss
     */
    public static SmoothL1Loss smoothL1Loss() {
        return SmoothL1Loss.builder().build();
    }

    /**
     * Creates a {@link SmoothL1Loss}, the absolute error with its kink rounded off.
     *
     * @param name the display name
     * @return the loss
     */
    public static SmoothL1Loss smoothL1Loss(String name) {
        return SmoothL1Loss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ classification

    /**
     * Creates a {@link BCELoss}, the binary cross entropy of probabilities.
     *
     * @return the loss
     */
    public static BCELoss bceLoss() {
        return BCELoss.builder().build();
    }

    /**
     * Creates a {@link BCELoss}, the binary cross entropy of probabilities.
     *
     * @param name the display name
     * @return the loss
     */
    public static BCELoss bceLoss(String name) {
        return BCELoss.builder().optName(name).build();
    }

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

    /**
     * Creates a {@link DiceLoss}, one minus the overlap of two sets.
     *
     * @return the loss
     */
    public static DiceLoss diceLoss() {
        return DiceLoss.builder().build();
    }

    /**
     * Creates a {@link DiceLoss}, one minus the overlap of two sets.
     *
     * @param name the display name
     * @return the loss
     */
    public static DiceLoss diceLoss(String name) {
        return DiceLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link FocalLoss}, the binary focal loss of probabilities.
     *
     * @return the loss
     */
    public static FocalLoss focalLoss() {
        return FocalLoss.builder().build();
    }

    /**
     * Creates a {@link FocalLoss}, the binary focal loss of probabilities.
     *
     * @param name the display name
     * @return the loss
     */
    public static FocalLoss focalLoss(String name) {
        return FocalLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link GHMCLoss}, the gradient-harmonized binary cross entropy of logits.
     *
     * @return the loss
     */
    public static GHMCLoss ghmcLoss() {
        return GHMCLoss.builder().build();
    }

    /**
     * Creates a {@link GHMCLoss}, the gradient-harmonized binary cross entropy of logits.
     *
     * @param name the display name
     * @return the loss
     */
    public static GHMCLoss ghmcLoss(String name) {
        return GHMCLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link HingeLoss}, the hinge of signed labels.
     *
     * @return the loss
     */
    public static HingeLoss hingeLoss() {
        return HingeLoss.builder().build();
    }

    /**
     * Creates a {@link HingeLoss}, the hinge of signed labels.
     *
     * @param name the display name
     * @return the loss
     */
    public static HingeLoss hingeLoss(String name) {
        return HingeLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link LogisticLoss}, the logistic loss of a score.
     *
     * @return the loss
     */
    public static LogisticLoss logisticLoss() {
        return LogisticLoss.builder().build();
    }

    /**
     * Creates a {@link LogisticLoss}, the logistic loss of a score.
     *
     * @param name the display name
     * @return the loss
     */
    public static LogisticLoss logisticLoss(String name) {
        return LogisticLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link MultiClassDiceLoss}, the Dice loss of every class.
     *
     * @return the loss
     */
    public static MultiClassDiceLoss multiClassDiceLoss() {
        return MultiClassDiceLoss.builder().build();
    }

    /**
     * Creates a {@link MultiClassDiceLoss}, the Dice loss of every class.
     *
     * @param name the display name
     * @return the loss
     */
    public static MultiClassDiceLoss multiClassDiceLoss(String name) {
        return MultiClassDiceLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link MultiLabelMarginLoss}, the hinge loss of lists of classes.
     *
     * @return the loss
     */
    public static MultiLabelMarginLoss multiLabelMarginLoss() {
        return MultiLabelMarginLoss.builder().build();
    }

    /**
     * Creates a {@link MultiLabelMarginLoss}, the hinge loss of lists of classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static MultiLabelMarginLoss multiLabelMarginLoss(String name) {
        return MultiLabelMarginLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link MultiLabelSoftMarginLoss}, the binary cross entropy averaged over classes.
     *
     * @return the loss
     */
    public static MultiLabelSoftMarginLoss multiLabelSoftMarginLoss() {
        return MultiLabelSoftMarginLoss.builder().build();
    }

    /**
     * Creates a {@link MultiLabelSoftMarginLoss}, the binary cross entropy averaged over classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static MultiLabelSoftMarginLoss multiLabelSoftMarginLoss(String name) {
        return MultiLabelSoftMarginLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link MultiMarginLoss}, the hinge loss over exclusive classes.
     *
     * @return the loss
     */
    public static MultiMarginLoss multiMarginLoss() {
        return MultiMarginLoss.builder().build();
    }

    /**
     * Creates a {@link MultiMarginLoss}, the hinge loss over exclusive classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static MultiMarginLoss multiMarginLoss(String name) {
        return MultiMarginLoss.builder().optName(name).build();
    }

    /**
     * Creates an {@link NLLLoss}, the negative log-likelihood of a class.
     *
     * @return the loss
     */
    public static NLLLoss nllLoss() {
        return NLLLoss.builder().build();
    }

    /**
     * Creates an {@link NLLLoss}, the negative log-likelihood of a class.
     *
     * @param name the display name
     * @return the loss
     */
    public static NLLLoss nllLoss(String name) {
        return NLLLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SigmoidFocalLoss}, the binary focal loss of logits.
     *
     * @return the loss
     */
    public static SigmoidFocalLoss sigmoidFocalLoss() {
        return SigmoidFocalLoss.builder().build();
    }

    /**
     * Creates a {@link SigmoidFocalLoss}, the binary focal loss of logits.
     *
     * @param name the display name
     * @return the loss
     */
    public static SigmoidFocalLoss sigmoidFocalLoss(String name) {
        return SigmoidFocalLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SoftMarginLoss}, the logistic loss of signed labels.
     *
     * @return the loss
     */
    public static SoftMarginLoss softMarginLoss() {
        return SoftMarginLoss.builder().build();
    }

    /**
     * Creates a {@link SoftMarginLoss}, the logistic loss of signed labels.
     *
     * @param name the display name
     * @return the loss
     */
    public static SoftMarginLoss softMarginLoss(String name) {
        return SoftMarginLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SoftmaxCrossEntropyWithLogits}, which gives one value a sample.
     *
     * @return the loss
     */
    public static SoftmaxCrossEntropyWithLogits softmaxCrossEntropyWithLogits() {
        return SoftmaxCrossEntropyWithLogits.builder().build();
    }

    /**
     * Creates a {@link SoftmaxCrossEntropyWithLogits}, which gives one value a sample.
     *
     * @param name the display name
     * @return the loss
     */
    public static SoftmaxCrossEntropyWithLogits softmaxCrossEntropyWithLogits(String name) {
        return SoftmaxCrossEntropyWithLogits.builder().optName(name).build();
    }

    /**
     * Creates a {@link SoftmaxFocalLoss}, the focal loss over exclusive classes.
     *
     * @return the loss
     */
    public static SoftmaxFocalLoss softmaxFocalLoss() {
        return SoftmaxFocalLoss.builder().build();
    }

    /**
     * Creates a {@link SoftmaxFocalLoss}, the focal loss over exclusive classes.
     *
     * @param name the display name
     * @return the loss
     */
    public static SoftmaxFocalLoss softmaxFocalLoss(String name) {
        return SoftmaxFocalLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SquaredHingeLoss}, the squared hinge of signed labels.
     *
     * @return the loss
     */
    public static SquaredHingeLoss squaredHingeLoss() {
        return SquaredHingeLoss.builder().build();
    }

    /**
     * Creates a {@link SquaredHingeLoss}, the squared hinge of signed labels.
     *
     * @param name the display name
     * @return the loss
     */
    public static SquaredHingeLoss squaredHingeLoss(String name) {
        return SquaredHingeLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ distribution

    /**
     * Creates a {@link GaussianNLLLoss}, the likelihood of a normal distribution.
     *
     * @return the loss
     */
    public static GaussianNLLLoss gaussianNLLLoss() {
        return GaussianNLLLoss.builder().build();
    }

    /**
     * Creates a {@link GaussianNLLLoss}, the likelihood of a normal distribution.
     *
     * @param name the display name
     * @return the loss
     */
    public static GaussianNLLLoss gaussianNLLLoss(String name) {
        return GaussianNLLLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link KLDivLoss}, the Kullback-Leibler divergence.
     *
     * @return the loss
     */
    public static KLDivLoss klDivLoss() {
        return KLDivLoss.builder().build();
    }

    /**
     * Creates a {@link KLDivLoss}, the Kullback-Leibler divergence.
     *
     * @param name the display name
     * @return the loss
     */
    public static KLDivLoss klDivLoss(String name) {
        return KLDivLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link PoissonNLLLoss}, the likelihood of counts.
     *
     * @return the loss
     */
    public static PoissonNLLLoss poissonNLLLoss() {
        return PoissonNLLLoss.builder().build();
    }

    /**
     * Creates a {@link PoissonNLLLoss}, the likelihood of counts.
     *
     * @param name the display name
     * @return the loss
     */
    public static PoissonNLLLoss poissonNLLLoss(String name) {
        return PoissonNLLLoss.builder().optName(name).build();
    }

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

    /**
     * Creates a {@link CTCLoss} of log-probabilities and unaligned targets.
     *
     * @return the loss
     */
    public static CTCLoss ctcLoss() {
        return CTCLoss.builder().build();
    }

    /**
     * Creates a {@link CTCLoss} of log-probabilities and unaligned targets.
     *
     * @param name the display name
     * @return the loss
     */
    public static CTCLoss ctcLoss(String name) {
        return CTCLoss.builder().optName(name).build();
    }

    // ------------------------------------------------------------------ vocabulary

    /**
     * Creates an {@link AdaptiveLogSoftmaxLoss}, which trains an {@link AdaptiveLogSoftmaxWithLoss}
     * block.
     *
     * @return the loss
     */
    public static AdaptiveLogSoftmaxLoss adaptiveLogSoftmaxLoss() {
        return AdaptiveLogSoftmaxLoss.builder().build();
    }

    /**
     * Creates an {@link AdaptiveLogSoftmaxLoss}, which trains an {@link AdaptiveLogSoftmaxWithLoss}
     * block.
     *
     * @param name the display name
     * @return the loss
     */
    public static AdaptiveLogSoftmaxLoss adaptiveLogSoftmaxLoss(String name) {
        return AdaptiveLogSoftmaxLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link LinearCrossEntropyLoss} of a linear layer and a class.
     *
     * @return the loss
     */
    public static LinearCrossEntropyLoss linearCrossEntropyLoss() {
        return LinearCrossEntropyLoss.builder().build();
    }

    /**
     * Creates a {@link LinearCrossEntropyLoss} of a linear layer and a class.
     *
     * @param name the display name
     * @return the loss
     */
    public static LinearCrossEntropyLoss linearCrossEntropyLoss(String name) {
        return LinearCrossEntropyLoss.builder().optName(name).build();
    }

    /**
     * Creates a {@link SampledSoftmaxLoss}, the cross entropy among a few sampled classes.
     *
     * @param numSampled how many classes are drawn
     * @return the loss
     */
    public static SampledSoftmaxLoss sampledSoftmaxLoss(int numSampled) {
        return SampledSoftmaxLoss.builder().setNumSampled(numSampled).build();
    }

    /**
     * Creates a {@link SampledSoftmaxLoss}, the cross entropy among a few sampled classes.
     *
     * @param name the display name
     * @param numSampled how many classes are drawn
     * @return the loss
     */
    public static SampledSoftmaxLoss sampledSoftmaxLoss(String name, int numSampled) {
        return SampledSoftmaxLoss.builder().optName(name).setNumSampled(numSampled).build();
    }

    // ------------------------------------------------------------------ composite

    /**
     * Creates a {@link MultiLabelLoss}, the average of one loss over several labels.
     *
     * @param loss the loss of each label
     * @param labels the number of labels
     * @return the loss
     */
    public static MultiLabelLoss multiLabelLoss(Loss loss, int labels) {
        return MultiLabelLoss.builder().setLoss(loss, labels).build();
    }

    /**
     * Creates a {@link MultiLabelLoss}, the average of one loss over several labels.
     *
     * @param name the display name
     * @param loss the loss of each label
     * @param labels the number of labels
     * @return the loss
     */
    public static MultiLabelLoss multiLabelLoss(String name, Loss loss, int labels) {
        return MultiLabelLoss.builder().optName(name).setLoss(loss, labels).build();
    }

    /**
     * Creates a {@link WeightedSumLoss} with all weights 1: Objective = Loss + Regularization.
     *
     * @param losses the losses
     * @return their sum
     */
    public static WeightedSumLoss sum(Loss... losses) {
        WeightedSumLoss.Builder builder = WeightedSumLoss.builder();
        for (Loss loss : losses) {
            builder.addLoss(loss);
        }
        return builder.build();
    }

    // ------------------------------------------------------------------ regularization

    /**
     * Creates an {@link ElasticNetRegularization}, λ1 Σ |w| + λ2 Σ w² over the weights of a block.
     *
     * @param block the block
     * @param lambda1 the strength of the L1 penalty
     * @param lambda2 the strength of the L2 penalty
     * @return the loss
     */
    public static ElasticNetRegularization elasticNetRegularization(
            Block block, double lambda1, double lambda2) {
        return ElasticNetRegularization.builder()
                .setBlock(block)
                .optLambda1(lambda1)
                .optLambda2(lambda2)
                .build();
    }

    /**
     * Creates an {@link L1Regularization}, λ Σ |w| over the weights of a block.
     *
     * @param block the block
     * @param lambda the strength
     * @return the loss
     */
    public static L1Regularization l1Regularization(Block block, double lambda) {
        return L1Regularization.builder().setBlock(block).optLambda(lambda).build();
    }

    /**
     * Creates an {@link L2Regularization}, λ Σ w² over the weights of a block.
     *
     * @param block the block
     * @param lambda the strength
     * @return the loss
     */
    public static L2Regularization l2Regularization(Block block, double lambda) {
        return L2Regularization.builder().setBlock(block).optLambda(lambda).build();
    }
}
