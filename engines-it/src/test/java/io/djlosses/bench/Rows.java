/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.training.loss.ElasticNetWeightDecay;
import ai.djl.training.loss.IndexLoss;
import ai.djl.training.loss.L1WeightDecay;
import ai.djl.training.loss.L2WeightDecay;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SimpleCompositeLoss;
import ai.djl.util.PairList;

import io.djlosses.Losses;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.binary.HingeLoss;
import io.djlosses.binary.LogisticLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.binary.SoftMarginLoss;
import io.djlosses.binary.SquaredHingeLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelMarginLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.MultiMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
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
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Extent;
import io.djlosses.examples.catalog.Kind;
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
import io.djlosses.segmentation.DiceLoss;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** The rows of the benchmark: every loss of the catalogue, and the options that change its cost. */
final class Rows {

    private Rows() {}

    /** Returns the rows below, and for every loss that has none what its declaration asks for. */
    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        rows.addAll(regression());
        rows.addAll(binary());
        rows.addAll(margins());
        rows.addAll(distributions());
        rows.addAll(classes());
        rows.addAll(overlaps());
        rows.addAll(embeddings());
        rows.addAll(sequences());
        rows.addAll(vocabularies());
        rows.addAll(sums());
        Set<String> names = rows.stream().map(Row::name).collect(Collectors.toSet());
        for (Declaration declaration : Declarations.all()) {
            for (String variant : declaration.benchmarks().keySet()) {
                Row row = row(declaration.type(), variant);
                if (names.add(row.name())) {
                    rows.add(row);
                }
            }
        }
        return rows;
    }

    private static Row row(Class<? extends Loss> loss) {
        return row(loss, "");
    }

    private static Row row(Class<? extends Loss> loss, String variant) {
        return new Row(Declarations.of(loss), variant);
    }

    private static <B extends LossBuilder<?, B>> B with(
            Consumer<LossBuilder<?, ?>> common, B builder) {
        common.accept(builder);
        return builder;
    }

    private static List<Row> regression() {
        return List.of(
                row(L1Loss.class)
                        .torch("torch.l1_loss(x, y, 1)")
                        .plain(in -> in.x().sub(in.y()).abs().mean())
                        .builtIn(Loss.l1Loss()),
                row(MSELoss.class)
                        .torch("torch.mse_loss(x, y, 1)")
                        .plain(in -> in.x().sub(in.y()).square().mean())
                        .builtIn(Loss.l2Loss("L2Loss", 1)),
                row(SmoothL1Loss.class)
                        .torch("torch.smooth_l1_loss(x, y, 1, 1.)")
                        .plain(Rows::huber)
                        .operator(
                                in -> invoke("smooth_l1", in.x().sub(in.y()), "scalar", 1).mean()),
                row(HuberLoss.class).torch("torch.huber_loss(x, y, 1, 1.)").plain(Rows::huber),
                row(RMSELoss.class)
                        .torch("torch.sqrt(torch.mse_loss(x, y, 1))")
                        .plain(in -> in.x().sub(in.y()).square().mean().sqrt()),
                row(GHMRLoss.class)
                        .torch(
                                """
                                d = torch.sub(x, y)
                                r = torch.sqrt(torch.add(torch.mul(d, d), 0.0004))
                                g = torch.abs(torch.div(torch.detach(d), torch.detach(r)))
                                """
                                        + HARMONY
                                        + "return torch.mean(torch.mul(torch.sub(r, 0.02), h))")
                        .plain(
                                in -> {
                                    NDArray d = in.x().sub(in.y());
                                    NDArray r = d.square().add(0.0004f).sqrt();
                                    NDArray g = d.div(r).stopGradient().abs();
                                    return r.sub(0.02f).mul(harmony(g)).mean();
                                }));
    }

    /** What gives every element the weight h that is inverse to how many have its gradient g. */
    private static final String HARMONY =
            """
            k = torch.clamp(torch.floor(torch.mul(g, 10.)), 0., 9.)
            i = torch.flatten(torch.to(k, 4))
            n = torch.bincount(i, None, 10)
            full = torch.sum(torch.gt(n, 0))
            size = torch.numel(g)
            f = torch.div(torch.mul(torch.ones_like(n, dtype=6), size), torch.mul(torch.clamp_min(n, 1), full))
            h = torch.reshape(torch.index_select(f, 0, i), torch.size(g))
            """;

    private static NDArray harmony(NDArray g) {
        NDArray weights = g.zerosLike();
        int full = 0;
        for (int bin = 0; bin < 10; bin++) {
            NDArray members = g.gte(bin / 10f);
            if (bin < 9) {
                members = members.logicalAnd(g.lt((bin + 1) / 10f));
            }
            NDArray ones = members.toType(DataType.FLOAT32, false);
            float count = ones.sum().getFloat();
            if (count > 0) {
                weights = weights.add(ones.mul(g.size() / count));
                full++;
            }
        }
        return weights.div(full);
    }

    private static NDArray huber(Case in) {
        NDArray d = in.x().sub(in.y()).abs();
        return NDArrays.where(d.lt(1), d.square().mul(0.5f), d.sub(0.5f)).mean();
    }

    private static List<Row> binary() {
        return List.of(
                row(BCELoss.class)
                        .torch("torch.binary_cross_entropy(x, y, None, 1)")
                        .plain(in -> entropy(in).mean())
                        .builtIn(Loss.sigmoidBinaryCrossEntropyLoss("BCE", 1, true)),
                row(BCELoss.class, "weight")
                        .weights((data, d) -> data.weightArray(d[1]))
                        .builder(d -> BCELoss.builder().optWeight(Data.weights(d[1])))
                        .torch("torch.binary_cross_entropy(x, y, w, 1)")
                        .plain(in -> entropy(in).mul(in.w()).mean()),
                row(BCEWithLogitsLoss.class)
                        .torch("torch.binary_cross_entropy_with_logits(x, y, None, None, 1)")
                        .plain(in -> logisticEntropy(in).mean())
                        .builtIn(Loss.sigmoidBinaryCrossEntropyLoss()),
                row(BCEWithLogitsLoss.class, "posWeight")
                        .weights((data, d) -> data.weightArray(d[1]))
                        .builder(d -> BCEWithLogitsLoss.builder().optPosWeight(Data.weights(d[1])))
                        .torch("torch.binary_cross_entropy_with_logits(x, y, None, w, 1)")
                        .plain(
                                in -> {
                                    NDArray factor = in.w().sub(1).mul(in.y()).add(1);
                                    NDArray softplus = softplus(in.x().neg());
                                    return in.y()
                                            .neg()
                                            .add(1)
                                            .mul(in.x())
                                            .add(factor.mul(softplus))
                                            .mean();
                                }),
                row(FocalLoss.class)
                        .builder(
                                d ->
                                        FocalLoss.builder()
                                                .optAlpha(0.25)
                                                .optGamma(2)
                                                .optReduction(Reduction.MEAN))
                        .torch(
                                """
                                p = torch.add(torch.mul(x, y), torch.mul(torch.rsub(x, 1), torch.rsub(y, 1)))
                                a = torch.add(torch.mul(y, 0.25), torch.mul(torch.rsub(y, 1), 0.75))
                                b = torch.binary_cross_entropy(x, y, None, 0)
                                return torch.mean(torch.mul(torch.mul(a, torch.pow(torch.rsub(p, 1), 2)), b))
                                """)
                        .plain(
                                in ->
                                        focal(
                                                in.y(),
                                                blend(in.y(), in.x(), in.x().neg().add(1)),
                                                entropy(in))),
                row(SigmoidFocalLoss.class)
                        .builder(d -> SigmoidFocalLoss.builder().optReduction(Reduction.MEAN))
                        .torch(
                                """
                                s = torch.sigmoid(x)
                                p = torch.add(torch.mul(s, y), torch.mul(torch.rsub(s, 1), torch.rsub(y, 1)))
                                a = torch.add(torch.mul(y, 0.25), torch.mul(torch.rsub(y, 1), 0.75))
                                b = torch.binary_cross_entropy_with_logits(x, y, None, None, 0)
                                return torch.mean(torch.mul(torch.mul(a, torch.pow(torch.rsub(p, 1), 2)), b))
                                """)
                        .plain(
                                in -> {
                                    NDArray s = Activation.sigmoid(in.x());
                                    return focal(
                                            in.y(),
                                            blend(in.y(), s, s.neg().add(1)),
                                            logisticEntropy(in));
                                }),
                row(GHMCLoss.class)
                        .torch(
                                "g = torch.abs(torch.sub(torch.sigmoid(torch.detach(x)), y))\n"
                                        + HARMONY
                                        + "return torch.binary_cross_entropy_with_logits(x, y, h,"
                                        + " None, 1)")
                        .plain(
                                in -> {
                                    NDArray g = Activation.sigmoid(in.x().stopGradient());
                                    NDArray h = harmony(g.sub(in.y()).abs());
                                    return logisticEntropy(in).mul(h).mean();
                                }),
                row(MultiLabelSoftMarginLoss.class)
                        .torch(
                                """
                                p = torch.mul(y, torch.log_sigmoid(x))
                                q = torch.mul(torch.rsub(y, 1), torch.log_sigmoid(torch.neg(x)))
                                return torch.mean(torch.mean(torch.neg(torch.add(p, q)), [1]))
                                """)
                        .plain(in -> logisticEntropy(in).mean()));
    }

    private static NDArray entropy(Case in) {
        NDArray x = in.x();
        return blend(in.y(), x.log().maximum(-100), x.neg().add(1).log().maximum(-100)).neg();
    }

    private static NDArray logisticEntropy(Case in) {
        return softplus(in.x()).sub(in.x().mul(in.y()));
    }

    private static NDArray softplus(NDArray x) {
        return Activation.softPlus(x);
    }

    private static NDArray blend(NDArray y, NDArray yes, NDArray no) {
        return y.mul(yes).add(y.neg().add(1).mul(no));
    }

    private static NDArray focal(NDArray y, NDArray right, NDArray entropy) {
        NDArray alpha = y.mul(0.25f).add(y.neg().add(1).mul(0.75f));
        return alpha.mul(right.neg().add(1).square()).mul(entropy).mean();
    }

    private static List<Row> margins() {
        return List.of(
                row(HingeLoss.class)
                        .torch("torch.mean(torch.relu(torch.rsub(torch.mul(x, y), 1)))")
                        .plain(in -> Activation.relu(in.x().mul(in.y()).neg().add(1)).mean())
                        .builtIn(Loss.hingeLoss()),
                row(SquaredHingeLoss.class)
                        .torch(
                                "torch.mean(torch.square(torch.relu(torch.rsub(torch.mul(x, y),"
                                        + " 1))))")
                        .plain(
                                in ->
                                        Activation.relu(in.x().mul(in.y()).neg().add(1))
                                                .square()
                                                .mean()),
                row(LogisticLoss.class)
                        .torch("torch.mean(torch.softplus(torch.neg(torch.mul(x, y)), 1., 20.))")
                        .plain(in -> softplus(in.x().mul(in.y()).neg()).mean()),
                row(SoftMarginLoss.class)
                        .torch("torch.soft_margin_loss(x, y, 1)")
                        .plain(in -> softplus(in.x().mul(in.y()).neg()).mean()),
                row(HingeEmbeddingLoss.class)
                        .torch("torch.hinge_embedding_loss(x, y, 1., 1)")
                        .plain(
                                in -> {
                                    NDArray far = Activation.relu(in.x().neg().add(1));
                                    return NDArrays.where(in.y().eq(1), in.x(), far).mean();
                                }),
                row(MarginRankingLoss.class)
                        .torch("torch.margin_ranking_loss(x, x2, y, 0., 1)")
                        .plain(
                                in ->
                                        Activation.relu(in.x(0).sub(in.x(1)).mul(in.y()).neg())
                                                .mean()));
    }

    private static List<Row> distributions() {
        return List.of(
                row(KLDivLoss.class)
                        .torch("torch.kl_div(x, y, 1, log_target=False)")
                        .plain(in -> in.y().log().sub(in.x()).mul(in.y()).mean()),
                row(KLDivLoss.class, "logTarget")
                        .inputs(
                                Extent.ELEMENTS,
                                (data, d) ->
                                        Case.of(data.logDistribution(d), data.logDistribution(d)))
                        .builder(d -> KLDivLoss.builder().optLogTarget(true))
                        .torch("torch.kl_div(x, y, 1, log_target=True)")
                        .plain(in -> in.y().exp().mul(in.y().sub(in.x())).mean()),
                row(PoissonNLLLoss.class)
                        .torch("torch.poisson_nll_loss(x, y, True, False, 1e-08, 1)")
                        .plain(in -> in.x().exp().sub(in.x().mul(in.y())).mean()),
                row(GaussianNLLLoss.class)
                        .torch(
                                """
                                v = torch.clone(x2)
                                v0 = torch.clamp_(torch.detach(v), 1e-06)
                                d = torch.sub(x, y)
                                return torch.mean(torch.mul(torch.add(torch.log(v), torch.div(torch.square(d), v)), 0.5))
                                """)
                        .plain(
                                in -> {
                                    NDArray v = in.x(1).maximum(1e-6f);
                                    NDArray d = in.x(0).sub(in.y());
                                    return v.log().add(d.square().div(v)).mul(0.5f).mean();
                                }));
    }

    private static List<Row> classes() {
        Row.Inputs images =
                (data, d) -> Case.of(data.classes(d[1], d[0], d[2], d[3]), data.normal(d));
        Loss sparse = Loss.softmaxCrossEntropyLoss();
        Loss dense = Loss.softmaxCrossEntropyLoss("dense", 1, -1, false, true);
        Loss logSparse = Loss.softmaxCrossEntropyLoss("logSparse", 1, -1, true, false);
        Loss image = Loss.softmaxCrossEntropyLoss("image", 1, 1, true, true);
        return List.of(
                row(CrossEntropyLoss.class)
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(in -> chosen(in.x().logSoftmax(1), in.y()).mean().neg())
                        .operator(
                                in -> {
                                    NDArray y = in.y().toType(DataType.FLOAT32, false);
                                    NDList both = new NDList(in.x(), y);
                                    return in.x()
                                            .getManager()
                                            .invoke("softmax_cross_entropy", both, null)
                                            .head()
                                            .sum()
                                            .div(in.x().getShape().get(0));
                                })
                        .builtIn(sparse),
                row(CrossEntropyLoss.class, "weight")
                        .weights((data, d) -> data.weightArray(d[1]))
                        .builder(d -> CrossEntropyLoss.builder().optWeight(Data.weights(d[1])))
                        .torch("torch.cross_entropy_loss(x, y, w, 1, -100, 0.)")
                        .plain(in -> weightedMean(in.x().logSoftmax(1), in.y(), in.w())),
                row(CrossEntropyLoss.class, "ignoreIndex")
                        .inputs(
                                Extent.CLASSES,
                                (data, d) ->
                                        Case.of(
                                                data.classesWithGaps(d[1], -100, d[0]),
                                                data.normal(d)))
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(
                                in -> {
                                    NDArray kept = in.y().neq(-100);
                                    NDArray y = in.y().mul(kept.toType(DataType.INT64, false));
                                    NDArray values = chosen(in.x().logSoftmax(1), y);
                                    NDArray mask = kept.toType(DataType.FLOAT32, false);
                                    return values.flatten().mul(mask).sum().neg().div(mask.sum());
                                }),
                row(CrossEntropyLoss.class, "labelSmoothing")
                        .builder(d -> CrossEntropyLoss.builder().optLabelSmoothing(0.1))
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.1)")
                        .plain(
                                in -> {
                                    NDArray logs = in.x().logSoftmax(1);
                                    NDArray hard = chosen(logs, in.y()).mean().neg();
                                    return hard.mul(0.9f).sub(logs.mean().mul(0.1f));
                                }),
                row(CrossEntropyLoss.class, "probabilities")
                        .kind(Kind.DISTRIBUTIONS)
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(Rows::softEntropy)
                        .builtIn(dense),
                row(CrossEntropyLoss.class, "N×C×H×W")
                        .inputs(Extent.IMAGES, images)
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(
                                in ->
                                        chosen(in.x().logSoftmax(1), in.y().expandDims(1))
                                                .mean()
                                                .neg())
                        .builtIn(
                                in ->
                                        image.evaluate(
                                                new NDList(in.y().expandDims(1)),
                                                in.predictions())),
                row(NLLLoss.class)
                        .torch("torch.nll_loss(x, y, None, 1, -100)")
                        .plain(in -> chosen(in.x(), in.y()).mean().neg())
                        .builtIn(logSparse),
                row(SoftmaxCrossEntropyWithLogits.class)
                        .builder(
                                d ->
                                        SoftmaxCrossEntropyWithLogits.builder()
                                                .optReduction(Reduction.MEAN))
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(Rows::softEntropy)
                        .builtIn(dense),
                row(SoftmaxCrossEntropyWithLogits.class, "sparse")
                        .kind(Kind.CLASS_LOGITS)
                        .builder(
                                d ->
                                        SoftmaxCrossEntropyWithLogits.builder()
                                                .optSparse(true)
                                                .optReduction(Reduction.MEAN))
                        .torch("torch.cross_entropy_loss(x, y, None, 1, -100, 0.)")
                        .plain(in -> chosen(in.x().logSoftmax(1), in.y()).mean().neg())
                        .builtIn(sparse),
                row(SoftmaxFocalLoss.class)
                        .builder(d -> SoftmaxFocalLoss.builder().optReduction(Reduction.MEAN))
                        .torch(
                                """
                                q = torch.gather(torch.log_softmax(x, 1), 1, torch.unsqueeze(y, 1))
                                f = torch.pow(torch.rsub(torch.exp(q), 1), 2)
                                return torch.neg(torch.mean(torch.mul(f, q)))
                                """)
                        .plain(
                                in -> {
                                    NDArray logs = chosen(in.x().logSoftmax(1), in.y());
                                    NDArray factor = logs.exp().neg().add(1).square();
                                    return factor.mul(logs).mean().neg();
                                }),
                row(MultiMarginLoss.class)
                        .torch("torch.multi_margin_loss(x, y, 1, 1., None, 1)")
                        .plain(
                                in -> {
                                    NDArray gap = in.x().sub(chosen(in.x(), in.y())).add(1);
                                    // The true class adds its margin, 1, to every row.
                                    long[] shape = in.x().getShape().getShape();
                                    return Activation.relu(gap)
                                            .sum()
                                            .sub(shape[0])
                                            .div(shape[0] * shape[1]);
                                }),
                row(MultiLabelMarginLoss.class)
                        .torch("torch.multilabel_margin_loss(x, y, 1)")
                        .plain(Rows::multiLabelMargin),
                row(AdaptiveLogSoftmaxLoss.class)
                        .torch("torch.nll_loss(x, y, None, 1, -100)")
                        .plain(in -> chosen(in.x(), in.y()).mean().neg()));
    }

    private static NDArray chosen(NDArray x, NDArray classes) {
        return x.get(new NDIndex().addAllDim().addPickDim(classes));
    }

    private static NDArray weightedMean(NDArray logs, NDArray y, NDArray weights) {
        NDArray factors = weights.get(y);
        return chosen(logs, y).flatten().mul(factors).sum().neg().div(factors.sum());
    }

    private static NDArray softEntropy(Case in) {
        return in.x().logSoftmax(1).mul(in.y()).sum(new int[] {1}).mean().neg();
    }

    private static NDArray multiLabelMargin(Case in) {
        NDArray x = in.x();
        int classes = (int) x.getShape().get(1);
        NDArray targets = in.y().get(":, :3");
        NDArray others = targets.oneHot(classes).sum(new int[] {1}).neg().add(1);
        NDArray sum = x.getManager().zeros(new Shape());
        for (int i = 0; i < 3; i++) {
            NDArray gap = x.sub(chosen(x, targets.get(":, " + i))).add(1);
            sum = sum.add(Activation.relu(gap).mul(others).sum());
        }
        return sum.div(x.size());
    }

    private static List<Row> overlaps() {
        return List.of(
                row(DiceLoss.class)
                        .torch(
                                """
                                a = torch.sum(torch.mul(x, y))
                                b = torch.add(torch.sum(torch.mul(x, x)), torch.sum(torch.mul(y, y)))
                                return torch.rsub(torch.div(torch.mul(a, 2.), torch.add(b, 1e-05)), 1)
                                """)
                        .plain(
                                in -> {
                                    NDArray both = in.x().mul(in.y()).sum().mul(2f);
                                    NDArray all = in.x().square().sum().add(in.y().square().sum());
                                    return both.div(all.add(1e-5f)).neg().add(1f);
                                }),
                row(MultiClassDiceLoss.class)
                        .torch(
                                """
                                p = torch.softmax(x, 1)
                                a = torch.sum(torch.mul(p, y), [0, 2, 3])
                                b = torch.sum(torch.mul(p, p), [0, 2, 3])
                                c = torch.add(b, torch.sum(torch.mul(y, y), [0, 2, 3]))
                                return torch.rsub(torch.mean(torch.div(torch.mul(a, 2.), torch.add(c, 1e-05))), 1)
                                """)
                        .plain(
                                in -> {
                                    int[] axes = {0, 2, 3};
                                    NDArray p = in.x().softmax(1);
                                    NDArray both = p.mul(in.y()).sum(axes).mul(2);
                                    NDArray all =
                                            p.square().sum(axes).add(in.y().square().sum(axes));
                                    return both.div(all.add(1e-5f)).mean().neg().add(1f);
                                }));
    }

    private static List<Row> embeddings() {
        return List.of(
                row(CosineEmbeddingLoss.class)
                        .torch("torch.cosine_embedding_loss(x, x2, y, 0., 1)")
                        .plain(
                                in -> {
                                    NDArray cosine = cosine(in.x(0), in.x(1));
                                    NDArray near = cosine.neg().add(1);
                                    NDArray far = Activation.relu(cosine);
                                    return NDArrays.where(in.y().eq(1), near, far).mean();
                                }),
                row(CosineSimilarityLoss.class)
                        .torch(
                                "torch.rsub(torch.mean(torch.cosine_similarity(x, x2, 1, 1e-08)),"
                                        + " 1)")
                        .plain(in -> cosine(in.x(0), in.x(1)).mean().neg().add(1f)),
                row(TripletMarginLoss.class)
                        .torch("torch.triplet_margin_loss(x, x2, x3, 1., 2., 1e-06, False, 1)")
                        .plain(Rows::triplet),
                row(TripletMarginLoss.class, "swap")
                        .builder(d -> TripletMarginLoss.builder().optSwap(true))
                        .torch("torch.triplet_margin_loss(x, x2, x3, 1., 2., 1e-06, True, 1)")
                        .plain(
                                in -> {
                                    NDArray far = distance(in.x(0), in.x(2));
                                    NDArray near = distance(in.x(0), in.x(1));
                                    NDArray swapped = far.minimum(distance(in.x(1), in.x(2)));
                                    return Activation.relu(near.sub(swapped).add(1)).mean();
                                }),
                row(TripletMarginWithDistanceLoss.class)
                        .torch(
                                """
                                p = torch.pairwise_distance(x, x2, 2., 1e-06, False)
                                n = torch.pairwise_distance(x, x3, 2., 1e-06, False)
                                return torch.mean(torch.clamp_min(torch.add(torch.sub(p, n), 1.), 0))
                                """)
                        .plain(Rows::triplet),
                row(SDMLLoss.class)
                        .torch(
                                """
                                n = torch.size(x, 0)
                                a = torch.sum(torch.mul(x, x), [1], True)
                                b = torch.sum(torch.mul(x2, x2), [1])
                                d = torch.sub(torch.add(a, b), torch.mul(torch.matmul(x, torch.t(x2)), 2.))
                                p = torch.log_softmax(torch.neg(d), 1)
                                s = 0.3 / (n - 1)
                                e = torch.eye(n)
                                q = torch.add(torch.mul(e, 0.7 - s), s)
                                return torch.kl_div(p, q, 1, log_target=False)
                                """)
                        .plain(
                                in -> {
                                    NDArray a = in.x(0);
                                    NDArray b = in.x(1);
                                    long n = a.getShape().get(0);
                                    NDArray d =
                                            a.square()
                                                    .sum(new int[] {1}, true)
                                                    .add(b.square().sum(new int[] {1}))
                                                    .sub(a.matMul(b.transpose()).mul(2));
                                    float s = 0.3f / (n - 1);
                                    NDArray q = a.getManager().eye((int) n).mul(0.7f - s).add(s);
                                    NDArray p = d.neg().logSoftmax(1);
                                    return q.mul(q.log().sub(p)).mean();
                                }));
    }

    private static NDArray cosine(NDArray a, NDArray b) {
        int[] rows = {1};
        NDArray norms = a.square().sum(rows).mul(b.square().sum(rows)).add(1e-12f).sqrt();
        return a.mul(b).sum(rows).div(norms);
    }

    private static NDArray distance(NDArray a, NDArray b) {
        return a.sub(b).add(1e-6f).square().sum(new int[] {1}).sqrt();
    }

    private static NDArray triplet(Case in) {
        NDArray gap = distance(in.x(0), in.x(1)).sub(distance(in.x(0), in.x(2)));
        return Activation.relu(gap.add(1)).mean();
    }

    private static List<Row> sequences() {
        return List.of(
                row(CTCLoss.class)
                        .builder(d -> CTCLoss.builder().optFromLogits(true))
                        .torch("torch.ctc_loss(torch.log_softmax(x, 2), y, y2, y3, 0, 1, False)")
                        .operator(
                                in -> {
                                    PairList<String, Object> options = new PairList<>();
                                    options.add("use_data_lengths", true);
                                    options.add("use_label_lengths", true);
                                    options.add("blank_label", "first");
                                    NDList arguments = new NDList(in.x());
                                    for (NDArray label : in.labels()) {
                                        arguments.add(label.toType(DataType.FLOAT32, false));
                                    }
                                    NDArray lengths = arguments.get(3);
                                    return in.x()
                                            .getManager()
                                            .invoke("CTCLoss", arguments, options)
                                            .head()
                                            .div(lengths)
                                            .mean();
                                }));
    }

    private static List<Row> vocabularies() {
        return List.of(
                row(LinearCrossEntropyLoss.class)
                        .torch(
                                "torch.cross_entropy_loss(torch.linear(x, x2), y, None, 1, -100,"
                                        + " 0.)")
                        .plain(
                                in -> {
                                    NDArray logits = in.x(0).matMul(in.x(1).transpose());
                                    return chosen(logits.logSoftmax(1), in.y()).mean().neg();
                                }),
                row(SampledSoftmaxLoss.class)
                        .weights(
                                (data, d) ->
                                        data.manager()
                                                .arange(Math.toIntExact(d[3]))
                                                .toType(DataType.INT64, false)
                                                .mul(d[2] / d[3]))
                        .builder(d -> sampled(d).optReduction(Reduction.MEAN))
                        .torch(
                                """
                                t = torch.add(torch.sum(torch.mul(x3, torch.index_select(x, 0, y)), [1]), torch.index_select(x2, 0, y))
                                s = torch.linear(x3, torch.index_select(x, 0, w), torch.index_select(x2, 0, w))
                                h = torch.eq(torch.unsqueeze(y, 1), torch.unsqueeze(w, 0))
                                z = torch.cat([torch.unsqueeze(t, 1), torch.masked_fill(s, h, -1.0e30)], 1)
                                return torch.neg(torch.mean(torch.select(torch.log_softmax(z, 1), 1, 0)))
                                """)
                        .plain(
                                in -> {
                                    NDArray y = in.y();
                                    NDArray w = in.w();
                                    NDArray h = in.x(2);
                                    NDArray right =
                                            h.mul(in.x(0).get(y))
                                                    .sum(new int[] {1})
                                                    .add(in.x(1).get(y))
                                                    .expandDims(1);
                                    NDArray drawn =
                                            h.matMul(in.x(0).get(w).transpose())
                                                    .add(in.x(1).get(w));
                                    NDArray hits =
                                            y.expandDims(1)
                                                    .sub(w.expandDims(0))
                                                    .eq(0)
                                                    .toType(DataType.FLOAT32, false);
                                    NDArray logits = right.concat(drawn.sub(hits.mul(1e30f)), 1);
                                    return logits.logSoftmax(1).get(":, 0").mean().neg();
                                }));
    }

    /** Sets the classes drawn, and the expected number of draws of the targets and of them. */
    private static SampledSoftmaxLoss.Builder sampled(long... d) {
        int drawn = Math.toIntExact(d[3]);
        long[] ids = new long[drawn];
        for (int i = 0; i < drawn; i++) {
            ids[i] = i * (d[2] / d[3]);
        }
        double expected = (double) drawn / d[2];
        double[][] targets = new double[Math.toIntExact(d[0])][];
        Arrays.setAll(targets, row -> new double[] {expected});
        double[] counts = new double[drawn];
        Arrays.fill(counts, expected);
        return SampledSoftmaxLoss.builder()
                .setNumSampled(drawn)
                .optSampledValues(ids, targets, counts);
    }

    private static List<Row> sums() {
        Loss squares = Losses.mseLoss();
        Loss sizes = Losses.l1Loss();
        Loss entropy = Losses.crossEntropyLoss();
        Loss huber = Losses.huberLoss();
        return List.of(
                row(MultiLabelLoss.class)
                        .maker(
                                (common, d) ->
                                        MultiLabelLoss.builder()
                                                .setLosses(
                                                        with(common, MSELoss.builder()).build(),
                                                        with(common, L1Loss.builder()).build())
                                                .build())
                        .torch(
                                "torch.mul(torch.add(torch.mse_loss(x, y, 1), torch.l1_loss(x2, y2,"
                                        + " 1)), 0.5)")
                        .plain(
                                in ->
                                        in.x(0)
                                                .sub(in.y(0))
                                                .square()
                                                .mean()
                                                .add(in.x(1).sub(in.y(1)).abs().mean())
                                                .mul(0.5f))
                        .parts(
                                in ->
                                        squares.evaluate(new NDList(in.y(0)), new NDList(in.x(0)))
                                                .add(
                                                        sizes.evaluate(
                                                                new NDList(in.y(1)),
                                                                new NDList(in.x(1))))
                                                .mul(0.5f))
                        .builtIn(
                                new SimpleCompositeLoss()
                                        .addLoss(new IndexLoss(Loss.l2Loss("l2", 0.5f), 0))
                                        .addLoss(new IndexLoss(Loss.l1Loss("l1", 0.5f), 1))),
                row(WeightedSumLoss.class)
                        .maker(
                                (common, d) ->
                                        WeightedSumLoss.builder()
                                                .addLoss(with(common, MSELoss.builder()).build())
                                                .addLoss(
                                                        0.5, with(common, L1Loss.builder()).build())
                                                .build())
                        .torch(
                                "torch.add(torch.mse_loss(x, y, 1), torch.mul(torch.l1_loss(x, y,"
                                        + " 1), 0.5))")
                        .parts(in -> sum(squares, sizes, in))
                        .plain(
                                in -> {
                                    NDArray d = in.x().sub(in.y());
                                    return d.square().mean().add(d.abs().mean().mul(0.5f));
                                }),
                row(WeightedSumLoss.class, "cross entropy + Huber")
                        .kind(Kind.DISTRIBUTIONS)
                        .maker(
                                (common, d) ->
                                        WeightedSumLoss.builder()
                                                .addLoss(
                                                        with(common, CrossEntropyLoss.builder())
                                                                .build())
                                                .addLoss(
                                                        0.5,
                                                        with(common, HuberLoss.builder()).build())
                                                .build())
                        .torch(
                                "torch.add(torch.cross_entropy_loss(x, y, None, 1, -100, 0.),"
                                        + " torch.mul(torch.huber_loss(x, y, 1, 1.), 0.5))")
                        .parts(in -> sum(entropy, huber, in))
                        .plain(in -> softEntropy(in).add(huber(in).mul(0.5f))),
                row(L1Regularization.class)
                        .maker(
                                (common, d) ->
                                        new Penalty(
                                                block ->
                                                        with(common, L1Regularization.builder())
                                                                .setBlock(block)
                                                                .build()))
                        .torch("torch.sum(torch.abs(x))")
                        .plain(in -> in.x().abs().sum())
                        .builtIn(in -> new L1WeightDecay(in.predictions()).evaluate(NONE, NONE)),
                row(L2Regularization.class)
                        .maker(
                                (common, d) ->
                                        new Penalty(
                                                block ->
                                                        with(common, L2Regularization.builder())
                                                                .setBlock(block)
                                                                .build()))
                        .torch("torch.sum(torch.square(x))")
                        .plain(in -> in.x().square().sum())
                        .builtIn(in -> new L2WeightDecay(in.predictions()).evaluate(NONE, NONE)),
                row(ElasticNetRegularization.class)
                        .maker(
                                (common, d) ->
                                        new Penalty(
                                                block ->
                                                        with(
                                                                        common,
                                                                        ElasticNetRegularization
                                                                                .builder())
                                                                .setBlock(block)
                                                                .build()))
                        .torch("torch.add(torch.sum(torch.abs(x)), torch.sum(torch.square(x)))")
                        .plain(in -> in.x().abs().sum().add(in.x().square().sum()))
                        .builtIn(
                                in ->
                                        new ElasticNetWeightDecay(in.predictions())
                                                .evaluate(NONE, NONE)));
    }

    private static NDArray sum(Loss first, Loss second, Case in) {
        NDArray half = second.evaluate(in.labels(), in.predictions()).mul(0.5f);
        return first.evaluate(in.labels(), in.predictions()).add(half);
    }

    private static final NDList NONE = new NDList();

    private static NDArray invoke(String operator, NDArray argument, String option, Object value) {
        PairList<String, Object> options = new PairList<>();
        options.add(option, value);
        return argument.getManager().invoke(operator, new NDList(argument), options).head();
    }
}
