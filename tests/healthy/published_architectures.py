"""Models without a fault: architectures that come with Keras, with random weights, on small images."""

from nestprobe import Tensor, case

IMAGE = Tensor((1, 32, 32, 3))


def application(k, name, **options):
    """``keras.applications.name`` without its head and without weights to download."""
    made = k.needs(k.needs(k.keras, "applications"), name, "It came later.")
    return made(weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3), **options)


@case(parameters=0, inputs=IMAGE)
def healthy_mobilenet(k):
    """MobileNet, a quarter as wide."""
    return application(k, "MobileNet", alpha=0.25)


@case(parameters=0, inputs=IMAGE)
def healthy_mobilenet_v2(k):
    """MobileNetV2, 0.35 as wide."""
    return application(k, "MobileNetV2", alpha=0.35)


@case(parameters=0, inputs=IMAGE)
def healthy_resnet50(k):
    """ResNet50."""
    return application(k, "ResNet50")


@case(parameters=0, inputs=IMAGE)
def healthy_vgg16(k):
    """VGG16 without its dense layers."""
    return application(k, "VGG16")


@case(parameters=0, inputs=IMAGE)
def healthy_efficientnet(k):
    """EfficientNetB0, which has a Normalization of its own."""
    return application(k, "EfficientNetB0")


@case(parameters=0, inputs=IMAGE)
def healthy_densenet121(k):
    """DenseNet121."""
    return application(k, "DenseNet121")
